// One turn of the core in WebAssembly: node turn.mjs FILE.wasm BASE_URL QUESTION
import { readFile } from "node:fs/promises";

const [file, baseUrl, question] = process.argv.slice(2);
if (!question) {
  console.error("usage: node turn.mjs FILE.wasm BASE_URL QUESTION");
  process.exit(2);
}
const { instance } = await WebAssembly.instantiate(await readFile(file));
const core = instance.exports;
const IDLE = 0, SEND = 1, RECEIVE = 2, RUN_TOOLS = 3, WAIT = 4;

// Bytes pass through one block of the core's memory. A call may grow that, and the buffer is new.
const block = () => {
  const [start, length] = [core.shared(), core.shared_bytes()];
  return new Uint8Array(core.memory.buffer, start, length);
};
const put = (bytes) => (block().set(bytes), bytes.length);
const putText = (text) => put(new TextEncoder().encode(text));
const take = (length) => block().slice(0, checked(length));
const takeText = (length) => new TextDecoder().decode(take(length));

function checked(number) {
  if (number < 0) throw new Error(`the core refused, error ${-number}`);
  return number;
}

function runTool(name, args) {
  return name === "clock" ? "It is noon." : `there is no tool ${name}, not with ${args} either`;
}

// One request and its response.
async function exchange() {
  const url = baseUrl + takeText(core.path());
  const body = take(core.request());
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  }).catch(() => null);
  if (response) {
    const wish = response.headers.get("retry-after-ms");
    checked(core.begin_response(response.status, wish === null ? -1 : Number(wish)));
    try {
      for await (const chunk of response.body) {
        for (let rest = chunk; rest.length > 0 && core.step() === RECEIVE; ) {
          rest = feed(rest);
        }
      }
    } catch {
      // The connection broke; the core judges what came.
    }
  }
  if (core.step() === SEND || core.step() === RECEIVE) {
    if (checked(core.end_response()) === 1) console.log("[again]");
  }
}

function feed(bytes) {
  const part = bytes.subarray(0, core.shared_bytes());
  const text = takeText(core.feed(put(part)));
  if (text) process.stdout.write(text);
  return bytes.subarray(core.used());
}

checked(core.start(putText("scripted\nclock\nTells the time.\n{}")));
checked(core.user(putText(question)));
for (let step; (step = core.step()) !== IDLE; ) {
  if (step === SEND) {
    await exchange();
  } else if (step === RUN_TOOLS) {
    const [name, args] = takeText(core.pending_call()).split("\n");
    console.log(`[${name} ${args}]`);
    checked(core.tool_result(putText(runTool(name, args))));
  } else if (step === WAIT) {
    await new Promise((resolve) => setTimeout(resolve, core.wait_ms()));
    checked(core.retry());
  } else {
    throw new Error(`the step ${step} is not known here`);
  }
}
console.log();
