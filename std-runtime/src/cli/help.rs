//! The text of `--help`.

pub(super) const HELP: &str = "\
zerostack - a coding agent as a Unix command: an instruction in, a patch out

Usage:
  zerostack [OPTIONS] [PROMPT] [INSTRUCTION...]     one run; the result is on stdout
  zerostack run -p PROMPT [OPTIONS] [INSTRUCTION...]
  zerostack try [OPTIONS]                           a run over a small sample project

  zerostack \"make the test pass\" | git apply
  cargo clippy 2>&1 | zerostack fix | git apply

PROMPT is a name that `zerostack prompts` lists, else it is `code`. What comes on stdin is
given to the model; `-` at the end waits for it as long as it takes.

Options of a run:
  -m, --model NAME          the model
      --provider NAME       openai, anthropic, openrouter, ollama, ... or one of the config file
      --base-url URL        the server, e.g. http://127.0.0.1:8080/v1
      --api NAME            its dialect: openai-chat, openai-responses, anthropic, gemini, ollama
      --tool-mode NAME      how the model calls tools: native (the default), lenient (calls in its
                            text count too), text (by words alone), schema (text held to a JSON
                            Schema; openai-chat and ollama): for local models
  -p, --prompt NAME         the prompt
      --output KIND         patch, text, findings or json, instead of what the prompt says
  -o, --output-file FILE    write the result to FILE, whole or not at all, instead of stdout
  -C, --folder DIR          the folder to work on, instead of the current one
      --sandbox on|off      off: tools run with all your rights, on a copy
      --mode NAME           what the model may do: readonly, standard (edit, build, test) or full
                            (the default in the sandbox; standard without it)
      --allow RULE          permit what a rule names, as Bash(npm install:*) or Edit(./src/**)
      --ask RULE            deny it unless somebody can be asked
      --deny RULE           deny it, whatever else allows it
      --events json         one JSON object a line on stdout, the result last
      --record FILE         write a tape of the run, for `zerostack replay`
      --max-rounds N        requests of the run (200)
      --max-tokens N        tokens of one reply
      --max-total-tokens N  tokens of all requests and replies
      --max-cost AMOUNT     of the run, by the prices of the configuration file
      --max-repeats N       times that the model may make the same call in a row
      --max-calls N         calls of one reply (128)
      --context N           tokens that the model can read and write in one request
      --room HOW            when that is nearly full: summarise, elide (old tool results) or drop
      --max-attempts N      times that one request is sent (5)
      --time-limit SECONDS  of the whole run
      --idle-limit SECONDS  that the model may be silent (300)
      --stdin-limit SECONDS to wait for the first byte of a pipe (5; 600 without an instruction)
  -w, --write               write the changes to the folder, all or none, instead of a patch to
                            stdout, and keep a record for `zerostack undo`
      --json                findings or commands as JSON
      --sarif               findings as SARIF 2.1.0
      --dry-run             print the commands of a plan, as of deploy, and run none (the default)
      --yes                 run them in the folder, with your rights
  -q, --quiet               no progress on stderr

Runs that were written to the folder:
  zerostack log [--json]                            the newest first
  zerostack show RUN [--patch]                      what ran, or its patch
  zerostack undo [RUN] | redo [RUN]                 take its changes back, or make them again, all
                                                    or none; 63 if a file was changed since
  -C, --folder DIR          the folder, instead of the current one

Filters:
  zerostack decode --api NAME [--chunk N|random:SEED] [--events | --transcript]
  zerostack encode --api NAME --model NAME [--max-tokens N | --max-completion-tokens N]
                   [--tool-mode NAME] [--prefix-report]
  zerostack step [--answer | --begin [--system TEXT] [--tools A,B] INSTRUCTION...]
  zerostack tool NAME | --call
  zerostack replay TAPE [--requests]
  zerostack tokens [--vocab o200k|cl100k|PATH|estimate] [--ids] [--files PATH...]
  zerostack prompts
  zerostack permissions check [--mode readonly|standard|full] [--allow|--ask|--deny RULE]...
                   [--json] COMMAND | --tool NAME --path PATH

Exit codes: 0 result, 2 usage, 41 key, 42 input, 44 sandbox, 52 configuration, 53 limit,
54 tool, 55 denied, 60 provider, 61 no result, 62 check, 63 conflict, 130/143 signal, 1 defect

The key comes from ZEROSTACK_API_KEY, OPENAI_API_KEY, ANTHROPIC_API_KEY, OPENROUTER_API_KEY or
the configuration file, ~/.config/zerostack/config.toml.
";
