"""Answers as Supabase would and counts the calls: `upstream.py PORT`. Standard library only.

GET /count answers how many calls came, itself not counted.
"""

import asyncio
import sys

ROWS = b'[{"name":"Ada"},{"name":"Grace"}]'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
counted = 0


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer the requests of one connection."""
    global counted
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            body = ROWS
            if head.startswith(b"GET /count "):
                body = str(counted).encode()
            else:
                counted += 1
            writer.write(HEAD % len(body) + body)
    except (OSError, asyncio.IncompleteReadError):
        writer.close()


async def main(port: int) -> None:
    """Serve until the end."""
    server = await asyncio.start_server(serve, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
