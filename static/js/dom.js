// Small things that several modules do to the document, and requests to the own server.

/** Return the first element of a fresh copy of `<template id=name>`. */
export function clone(name) {
  return document.getElementById(name).content.firstElementChild.cloneNode(true);
}

/** Return the nodes of an HTML fragment of the own server. Rejects when it answers with anything else. */
export async function fetchNodes(address) {
  const response = await fetch(address, { headers: { Accept: "text/html" } });
  if (!response.ok || response.redirected) throw new Error(`${response.status} for ${address}`);
  const parsed = new DOMParser().parseFromString(await response.text(), "text/html");
  return [...parsed.body.childNodes].map((node) => document.adoptNode(node));
}

/** Tell whether a key belongs to the input method that composes a word; Safari tells of that by the key code only. */
export function isComposing(event) {
  return event.isComposing || event.keyCode === 229;
}

/** Return an id that no other message has; also where a page over plain HTTP lacks crypto.randomUUID. */
export function freshId() {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join("-");
}
