// Hears events of Jalur and does each once. Needs amqplib, and the URL that `jalur subscribers add` printed.

import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import amqp from "amqplib";

const url = process.env.JALUR_SUBSCRIBER_URL;
const events = (process.env.JALUR_EVENTS ?? "placement.#").split(" ");
const queue = `${new URL(url).username}.in`; // under our own name, and durable: while we are away it fills

const seen = process.env.JALUR_SEEN ?? "seen.txt"; // one line per event; a database is better
const ids = new Set();
const newest = new Map(); // kind and subject → highest sequence
const lines = existsSync(seen) ? readFileSync(seen, "utf8").split("\n").filter(Boolean) : [];
for (const line of lines) remember(JSON.parse(line));

function remember([id, about, sequence]) {
  ids.add(id);
  if (sequence > (newest.get(about) ?? "")) newest.set(about, sequence); // zero-padded: compared as text
}

function take(headers, body) {
  const row = [headers["ce-id"], `${headers["ce-type"]} ${headers["ce-subject"]}`, headers["ce-sequence"]];
  if (ids.has(row[0])) return; // it has come before
  const overtaken = row[2] < (newest.get(row[1]) ?? ""); // a later one of the same kind and subject is here already
  console.log(JSON.stringify({ id: row[0], overtaken, data: JSON.parse(body) }));
  appendFileSync(seen, `${JSON.stringify(row)}\n`);
  remember(row);
}

async function listen() {
  const connection = await amqp.connect(url);
  const closed = new Promise((resolve) => connection.once("close", resolve));
  connection.on("error", (error) => console.log(`not connected: ${error.message}`));
  const channel = await connection.createChannel();
  channel.on("error", (error) => console.log(`not allowed: ${error.message}`));
  channel.once("close", () => connection.close().catch(() => {}));
  await channel.prefetch(50);
  await channel.assertQueue(queue, { durable: true, arguments: { "x-queue-type": "quorum" } });
  for (const key of events) await channel.bindQueue(queue, "jalur.events", key);
  await channel.consume(queue, (message) => {
    if (message === null) return connection.close(); // the queue was deleted
    try {
      take(message.properties.headers, message.content.toString());
    } catch (error) {
      console.error(error);
      process.exit(1); // what we die of comes again
    }
    channel.ack(message);
  });
  await closed;
}

for (;;) {
  await listen().catch((error) => console.log(`not connected: ${error.message}`));
  await sleep(2000);
}
