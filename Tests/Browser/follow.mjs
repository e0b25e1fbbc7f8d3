// Converses with an echo through several of its server's processes, and expects every message back once and in order.
//
//     node follow.mjs MODULE URL TRANSPORTS SESSIONS LIMIT
//
// Ends the series itself when it is in the last of so many sessions; or is over when no next one is found within LIMIT
// milliseconds.
import { pathToFileURL } from "node:url";

const [module, url, transports, sessions, limit] = process.argv.slice(2);
const { follow } = await import(pathToFileURL(module));
const changes = [];
const series = await follow(url, {
  transports: transports.split(","),
  followLimit: Number(limit),
});
const message = (number) => (number % 3 === 0 ? new Uint8Array(number % 500).fill(number & 255) : `message ${number} ✓`);
const isSame = (one, other) => typeof one === "string" ? one === other : Buffer.compare(one, Buffer.from(other)) === 0;

const ahead = 40;
let [began, returned, sent, wake] = [0, 0, 0, () => {}];
let isEnough = false;
const sending = (async () => {
  while (!isEnough) {
    while (sent >= returned + ahead && !isEnough) await new Promise((resolve) => (wake = resolve));
    // Not awaited: several wait at once where there is no session, and their order is to stay.
    const number = (sent += 1);
    await Promise.all([series.send(message(number)), series.send(message((sent += 1)))]);
  }
  return series.close(1234, "enough");
})();
sending.catch(() => {});
for await (const event of series) {
  if (event.kind === "began") {
    began += 1;
    event.session.onchange = (change) => changes.push(change.state);
    console.log(`began ${began};`);
  } else if (event.kind === "ended") {
    console.log(`session ${began} ended ${event.ending.kind} ${event.ending.code}, ${event.ending.unacknowledged} open`);
  } else {
    returned += 1;
    if (!isSame(message(returned), event.message)) throw new Error(`message ${returned} came as ${event.message}`);
    if (returned % 50 === 0) console.log(`at ${returned} in ${began};`);
    if (began >= Number(sessions) && returned % 100 === 0) isEnough = true;
    wake();
  }
}
isEnough = true;
wake();
const ending = await series.ended;
const failure = series.failure ? `, ${series.failure.message}` : "";
const refused = await series.send("too late").then(() => "taken", (error) => error.name);
console.log(
  `over ${ending.kind} ${ending.code}, ${returned} returned, ${sent} sent, ${changes.filter((c) => c === "going").length}`
    + ` advised, then ${refused}${failure}`,
);
