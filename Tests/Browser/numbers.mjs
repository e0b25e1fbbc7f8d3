// Sends messages to an echo and expects them back, each once and in order; for tests that damage the line meanwhile.
//
//     node numbers.mjs MODULE URL TRANSPORTS COUNT
import { pathToFileURL } from "node:url";

const [module, url, transports, count] = process.argv.slice(2);
const { connect } = await import(pathToFileURL(module));
const changes = [];
const session = await connect(url, {
  transports: transports.split(","),
  onchange: (change) => {
    changes.push(change.state);
    console.log(`change ${JSON.stringify(change)}`);
  },
});
const bytes = (number) => new Uint8Array(number).fill(number & 255);
const message = (number) => (number % 3 === 0 ? bytes(number) : `message ${number} ✓`);

/** So many may be on their way at once: every part of the whole meets the damage. */
const ahead = 40;
let returned = 0;
let wake = () => {};
const sending = (async () => {
  for (let number = 1; number <= Number(count); number += 1) {
    while (number > returned + ahead) await new Promise((resolve) => (wake = resolve));
    await session.send(message(number));
  }
})();
for await (const received of session) {
  returned += 1;
  const expected = message(returned);
  const isSame =
    typeof expected === "string" ? received === expected : Buffer.compare(Buffer.from(received), expected) === 0;
  if (!isSame) throw new Error(`message ${returned} came as ${received}`);
  if (returned % 50 === 0) console.log(`at ${returned};`);
  wake();
  if (returned === Number(count)) break;
}
await sending;
const ending = await session.close(1234, "all there");
const breaks = changes.filter((state) => state === "reconnecting").length;
console.log(`ended ${ending.kind} ${ending.code}, ${returned} returned, ${breaks} breaks`);
