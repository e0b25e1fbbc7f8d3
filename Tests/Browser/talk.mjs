// Sends each further argument as a text, then shows what comes, what changes and how it ends, a line each.
//
//     node talk.mjs MODULE URL TEXT…
import { pathToFileURL } from "node:url";

const [module, url, ...texts] = process.argv.slice(2);
const { connect } = await import(pathToFileURL(module));
try {
  const session = await connect(url, { onchange: (change) => console.log(`change ${JSON.stringify(change)}`) });
  for (const text of texts) await session.send(text);
  try {
    for await (const message of session) console.log(`message ${message}`);
    console.log("no more messages");
  } catch (error) {
    console.log(`${error.name}: ${error.message}`);
  }
  const { kind, code, reason } = await session.ended;
  console.log(`ended ${kind} ${code} ${reason}`);
} catch (error) {
  console.log(`not connected: ${error.message}`);
}
