// Parts of the list of conversations come from the server.

import { fetchNodes } from "./dom.js";

let reading = 0;

/** Return the nodes of a part of `list`, or null where it cannot be read. While any is on its way, the list says so. */
export async function readPart(list, address) {
  reading += 1;
  list.ariaBusy = "true";
  const nodes = await fetchNodes(address).catch(() => null);
  reading -= 1;
  if (!reading) list.ariaBusy = null;
  return nodes;
}
