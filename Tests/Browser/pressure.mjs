// Sends to an echo without taking what comes back: sending must come to a halt; then everything must be there.
//
//     node pressure.mjs MODULE URL TRANSPORTS
import { pathToFileURL } from "node:url";

const [module, url, transports] = process.argv.slice(2);
const { connect } = await import(pathToFileURL(module));
const session = await connect(url, { transports: transports.split(",") });
const total = 8 * 1024 * 1024;
const size = 10_000;
let sent = 0;
let isDone = false;
const sending = (async () => {
  for (; sent * size < total; sent += 1) await session.send(new Uint8Array(size).fill(sent & 255));
  isDone = true;
})();
// It stands still: ten looks in a row see the same.
for (let seen = -1, same = 0; same < 10 && !isDone; ) {
  same = seen === sent ? same + 1 : 0;
  seen = sent;
  await new Promise((resolve) => setTimeout(resolve, 100));
}
console.log(isDone ? "nothing held it" : `held after ${sent * size} bytes`);
let taken = 0;
for await (const message of session) {
  if (message.length !== size || message[size - 1] !== (taken & 255)) throw new Error(`message ${taken} is wrong`);
  taken += 1;
  if (taken * size >= total) break;
}
await sending;
console.log(`took ${taken} of ${sent}`);
await session.close();
