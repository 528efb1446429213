// The Codex SDK, driving zerostack: text, tools, failure and cancel.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Codex } from "@openai/codex-sdk";

const [cli, folder, address] = process.argv.slice(2);

const codex = new Codex({ codexPathOverride: cli, baseUrl: `${address}/v1`, apiKey: "none" });
const options = {
    model: "scripted",
    workingDirectory: folder,
    skipGitRepoCheck: true,
    sandboxMode: "workspace-write",
    approvalPolicy: "never",
};

const thread = codex.startThread(options);
const { events } = await thread.runStreamed("write it");
const seen = [];
for await (const event of events) seen.push(event);
assert.deepEqual(
    seen.map((it) => it.item?.type ?? it.type),
    [
        "thread.started",
        "turn.started",
        "agent_message",
        "command_execution",
        "command_execution",
        "file_change",
        "file_change",
        "agent_message",
        "turn.completed",
    ],
);
const done = seen.filter((it) => it.type === "item.completed").map((it) => it.item);
assert.equal(done[1].exit_code, 0);
assert.match(done[1].aggregated_output, /from-the-shell/);
assert.deepEqual(done[2].changes, [{ path: "new.txt", kind: "add" }]);
assert.ok(seen.at(-1).usage.output_tokens > 0);
assert.equal(readFileSync(`${folder}/new.txt`, "utf8"), "new\n");

const second = await thread.run("the second thing");
assert.equal(second.finalResponse, "The second.");
const resumed = await codex.resumeThread(thread.id, options).run("the second thing");
assert.equal(resumed.finalResponse, "The second.");

const outputSchema = { type: "object", properties: { number: { type: "integer" } } };
const turn = await codex.startThread(options).run("give me JSON", { outputSchema });
assert.deepEqual(JSON.parse(turn.finalResponse), { number: 7 });

await assert.rejects(() => codex.startThread(options).run("fail now"), /401|key/);

const abort = new AbortController();
const streamed = await codex.startThread(options).runStreamed("wait long", { signal: abort.signal });
await assert.rejects(async () => {
    for await (const event of streamed.events) {
        if (event.type === "turn.started") abort.abort();
    }
}, /abort/i);
console.log("@openai/codex-sdk of npm: text, tools, session, schema, failure, cancel");
