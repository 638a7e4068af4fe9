/** Reading a file whole, up to a size. */

import { constants } from "node:fs";
import { open } from "node:fs/promises";

/** Returns what a regular file has; anything else, or a larger one, throws. A pipe is not waited for. */
export async function whole(path: string, most: number): Promise<Buffer> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const facts = await file.stat();
    if (!facts.isFile()) throw new Error("it is no regular file");
    if (facts.size > most) throw new Error(`it has ${facts.size} bytes; the limit is ${most}`);
    return await file.readFile();
  } finally {
    await file.close();
  }
}
