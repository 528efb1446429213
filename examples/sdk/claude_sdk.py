"""The Claude Agent SDK for Python, driving zerostack: text, tools, failure and cancel."""

import os
import sys

import anyio
from claude_agent_sdk import (
    AssistantMessage,
    ClaudeAgentOptions,
    ClaudeSDKClient,
    ProcessError,
    ResultMessage,
    SystemMessage,
    TextBlock,
    ToolResultBlock,
    ToolUseBlock,
    UserMessage,
    query,
)
from claude_agent_sdk.types import StreamEvent

CLI, FOLDER = sys.argv[1:]


def options(**more):
    return ClaudeAgentOptions(cli_path=CLI, cwd=FOLDER, model="scripted", **more)


def blocks(messages, kind):
    turns = [it for it in messages if isinstance(it, (AssistantMessage, UserMessage))]
    lists = [it.content for it in turns if isinstance(it.content, list)]
    return [block for found in lists for block in found if isinstance(block, kind)]


async def text_and_tools():
    messages = [
        message
        async for message in query(
            prompt="write it",
            options=options(permission_mode="acceptEdits", system_prompt="Be brief.", max_turns=9),
        )
    ]
    start, end = messages[0], messages[-1]
    assert isinstance(start, SystemMessage) and start.subtype == "init", start
    assert start.data["cwd"] == FOLDER and "bash" in start.data["tools"], start.data
    assert [it.text for it in blocks(messages, TextBlock)] == ["I look.", "Written."]
    calls, results = blocks(messages, ToolUseBlock), blocks(messages, ToolResultBlock)
    assert [it.name for it in calls] == ["bash", "write"], calls
    assert [it.id for it in calls] == [it.tool_use_id for it in results], results
    assert "from-the-shell" in results[0].content and not results[0].is_error, results
    assert isinstance(end, ResultMessage) and end.subtype == "success", end
    assert (end.result, end.is_error, end.num_turns) == ("Written.", False, 3), end
    assert end.usage["input_tokens"] > 0 and end.session_id == start.data["session_id"], end
    with open(os.path.join(FOLDER, "new.txt")) as file:
        assert file.read() == "new\n"
    return end.session_id


async def a_session_goes_on(session):
    async for message in query(prompt="the second thing", options=options(resume=session)):
        last = message
    assert (last.result, last.session_id) == ("The second.", session), last


async def an_answer_by_a_schema():
    schema = {"type": "object", "properties": {"number": {"type": "integer"}}}
    form = {"type": "json_schema", "schema": schema}
    async for message in query(prompt="give me JSON", options=options(output_format=form)):
        last = message
    assert last.structured_output == {"number": 7}, last


async def messages_in_parts():
    parts = []
    async for message in query(
        prompt="the second thing", options=options(include_partial_messages=True)
    ):
        if isinstance(message, StreamEvent):
            parts.append(message.event)
    kinds = [part["type"] for part in parts]
    assert (kinds[0], kinds[-1]) == ("message_start", "message_stop"), kinds
    deltas = [part["delta"] for part in parts if part["type"] == "content_block_delta"]
    assert "".join(delta["text"] for delta in deltas) == "The second.", parts


async def callbacks_are_refused():
    lines = []

    async def ask(*_):
        raise AssertionError("never called")

    try:
        async with ClaudeSDKClient(
            options=options(can_use_tool=ask, stderr=lines.append)
        ) as client:
            await client.query("write it")
            async for _ in client.receive_response():
                raise AssertionError("nothing runs")
    except Exception as error:
        lines.append(repr(error))
    assert any("can_use_tool is never called" in line for line in lines), lines


async def failure():
    last = None
    try:
        async for message in query(prompt="fail now", options=options()):
            last = message
    except Exception as error:  # The SDK raises what the result says, or the exit code.
        assert isinstance(error, ProcessError) or "401" in str(error), repr(error)
    assert isinstance(last, ResultMessage) and last.is_error, last
    assert last.subtype == "error_during_execution", last


async def cancel():
    async with ClaudeSDKClient(options=options()) as client:
        await client.query("wait long")
        messages = client.receive_response()
        async for message in messages:
            if isinstance(message, SystemMessage) and message.subtype == "init":
                await client.interrupt()
            last = message
        assert isinstance(last, ResultMessage) and last.is_error, last
        await client.query("the second thing")
        async for message in client.receive_response():
            last = message
        assert last.result == "The second.", last


async def main():
    session = await text_and_tools()
    await a_session_goes_on(session)
    await an_answer_by_a_schema()
    await messages_in_parts()
    with anyio.fail_after(30):
        await callbacks_are_refused()
        await failure()
        await cancel()
    print("claude-agent-sdk of PyPI: text, tools, session, schema, parts, callbacks, failure, cancel")


anyio.run(main)
