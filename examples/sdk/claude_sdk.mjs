// The Claude Agent SDK for JavaScript, driving zerostack: text, tools, failure and cancel.

import assert from "node:assert/strict";
import { query } from "@anthropic-ai/claude-agent-sdk";

const [cli, folder] = process.argv.slice(2);

const ask = (prompt, more = {}) =>
    query({
        prompt,
        options: { pathToClaudeCodeExecutable: cli, cwd: folder, model: "scripted", ...more },
    });

const all = async (messages) => {
    const out = [];
    for await (const message of messages) out.push(message);
    return out;
};

const messages = await all(ask("write it", { permissionMode: "acceptEdits" }));
assert.equal(messages[0].subtype, "init");
const content = messages
    .filter((it) => it.type === "assistant")
    .flatMap((it) => it.message.content);
assert.deepEqual(
    content.map((it) => it.text ?? it.name),
    ["I look.", "bash", "write", "Written."],
);
const end = messages.at(-1);
assert.deepEqual([end.type, end.subtype, end.result], ["result", "success", "Written."]);

const again = await all(ask("the second thing", { resume: end.session_id }));
assert.equal(again.at(-1).result, "The second.");

const parts = (await all(ask("the second thing", { includePartialMessages: true })))
    .filter((it) => it.type === "stream_event")
    .map((it) => it.event);
assert.deepEqual([parts[0].type, parts.at(-1).type], ["message_start", "message_stop"]);
assert.equal(parts.map((it) => it.delta?.text ?? "").join(""), "The second.");

// The SDK gives the result, and then throws what it says or the exit code.
const failed = [];
await assert.rejects(async () => {
    for await (const message of ask("fail now")) failed.push(message);
});
assert.equal(failed.at(-1).subtype, "error_during_execution");
assert.ok(failed.at(-1).is_error);

const long = ask(
    (async function* () {
        yield {
            type: "user",
            message: { role: "user", content: "wait long" },
            parent_tool_use_id: null,
            session_id: "",
        };
        await new Promise((resolve) => setTimeout(resolve, 20000).unref());
    })(),
);
for await (const message of long) {
    if (message.subtype === "init") await long.interrupt();
    if (message.type === "result") {
        assert.ok(message.is_error);
        break;
    }
}

const abortController = new AbortController();
await assert.rejects(async () => {
    for await (const message of ask("wait long", { abortController })) {
        if (message.subtype === "init") abortController.abort();
    }
});
console.log("@anthropic-ai/claude-agent-sdk of npm: text, tools, session, failure, cancel");
process.exit(0);
