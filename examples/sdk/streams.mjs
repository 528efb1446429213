// Reads the streams of zerostack.streams with the packages that browsers read them with:
// node streams.mjs UI_STREAM AG_UI_STREAM
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

import { HttpAgent } from "@ag-ui/client";
import { parseJsonEventStream, readUIMessageStream, uiMessageChunkSchema } from "ai";

const [ui, agUi] = process.argv.slice(2).map((path) => readFileSync(path));

// The AI SDK: each chunk fits its schema, and the message is put together from them.
async function* chunks() {
  const stream = new Response(ui).body;
  for await (const chunk of parseJsonEventStream({ stream, schema: uiMessageChunkSchema })) {
    if (!chunk.success) throw chunk.error;
    yield chunk.value;
  }
}
let message;
const onError = (error) => {
  throw error;
};
const stream = ReadableStream.from(chunks());
for await (const state of readUIMessageStream({ stream, onError, terminateOnError: true })) {
  message = state;
}
const parts = message.parts.filter((part) => part.type !== "step-start");
assert.deepEqual(
  parts.map((part) => [part.type, part.text ?? part.output ?? part.errorText, part.state]),
  [
    ["reasoning", "hm", "done"],
    ["text", "I look", "done"],
    ["tool-read", "x", "output-available"],
    ["tool-list", "no", "output-error"],
    ["text", "half", "done"],
    ["text", "Done", "done"],
  ],
);

// AG-UI: its client reads the stream over HTTP, verifies the order of the events and applies them.
const server = createServer((_, response) => {
  response.setHeader("content-type", "text/event-stream");
  response.end(agUi);
});
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
const agent = new HttpAgent({
  url: `http://127.0.0.1:${server.address().port}/`,
  threadId: "thread",
});
const { newMessages } = await agent.runAgent({ runId: "run" });
server.close();
assert.deepEqual(
  newMessages.map((it) => [it.role, it.content || it.toolCalls[0].function.name]),
  [
    ["reasoning", "hm"],
    ["assistant", "I look"],
    ["assistant", "read"],
    ["tool", "x"],
    ["assistant", "list"],
    ["tool", "no"],
    ["assistant", "half"],
    ["assistant", "Done"],
  ],
);
