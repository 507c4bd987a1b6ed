"""Hears events of Jalur and does each once. Needs aio-pika, and the URL that `jalur subscribers add` printed."""

import asyncio
import json
import os
import sqlite3
from urllib.parse import urlsplit

import aio_pika

URL = os.environ["JALUR_SUBSCRIBER_URL"]
EVENTS = os.environ.get("JALUR_EVENTS", "placement.#").split()
QUEUE = f"{urlsplit(URL).username}.in"  # under our own name, and durable: while we are away it fills

database = sqlite3.connect(os.environ.get("JALUR_SEEN", "seen.db"))
database.execute("CREATE TABLE IF NOT EXISTS seen (about, sequence, id, PRIMARY KEY (about, sequence, id))")


def take(headers: dict[str, str], body: bytes) -> None:
    about = f"{headers['ce-type']} {headers['ce-subject']}"
    with database:  # one transaction: what was seen, and what was done about it
        newest = database.execute("SELECT MAX(sequence) FROM seen WHERE about = ?", [about]).fetchone()[0] or ""
        row = [about, headers["ce-sequence"], headers["ce-id"]]
        if database.execute("INSERT OR IGNORE INTO seen VALUES (?, ?, ?)", row).rowcount:  # else it has come before
            overtaken = headers["ce-sequence"] < newest  # a later one of the same kind and subject is here already
            print(json.dumps({"id": headers["ce-id"], "overtaken": overtaken, "data": json.loads(body)}), flush=True)


async def listen() -> None:
    async with await aio_pika.connect(URL) as connection:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=50)
        queue = await channel.declare_queue(QUEUE, durable=True, arguments={"x-queue-type": "quorum"})
        for key in EVENTS:
            await queue.bind("jalur.events", key)
        async with queue.iterator() as messages:
            async for message in messages:
                take({name: str(value) for name, value in message.headers.items()}, message.body)
                await message.ack()  # afterwards: what we die of comes again


async def keep_listening() -> None:
    while True:
        try:
            await listen()
        except (OSError, aio_pika.exceptions.AMQPError) as error:
            print(f"not connected: {error!r}", flush=True)
        await asyncio.sleep(2)


if __name__ == "__main__":
    asyncio.run(keep_listening())
