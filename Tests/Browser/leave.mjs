// Leaves the iteration of a series after its first message; and closes the series, once it is seeking a next session.
//
//     node leave.mjs MODULE URL
import { pathToFileURL } from "node:url";

const [module, url] = process.argv.slice(2);
const { follow } = await import(pathToFileURL(module));
const series = await follow(url, { transports: ["stream"], followLimit: Infinity });
const [first, second] = [series[Symbol.asyncIterator](), series[Symbol.asyncIterator]()];
await series.send("hello");
for await (const event of first) {
  if (event.kind === "message") break;
}
const { value, done } = await second.next();
console.log(`left, the other: ${done ? "is over" : value.kind}`);
const { session } = series;
await session.ended;
// Nobody serves by now.
await new Promise((resolve) => setTimeout(resolve, 300));
const begun = performance.now();
const ending = await series.close(1234);
const isSoon = performance.now() - begun < 5_000;
console.log(`over ${ending.kind} ${ending.code}, ${series.session === session ? "no next one" : "a next one"}, ${isSoon}`);
