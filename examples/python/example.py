from zerostack import Agent


def word_count(path: str) -> int:
    """Counts the words in a text file.

    Args:
        path: the file
    """
    with open(path, encoding="utf-8") as file:
        return len(file.read().split())


with Agent("gpt-5.2", tools=[word_count]) as agent:
    print(agent.run("How many words are in words.txt?"))
