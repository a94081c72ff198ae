// The files of a question, as templates/conversations/_attached.html draws them.

import { icon } from "./icons.js";
import { number, t } from "./i18n.js";

/** Draw `attachments` (states of the protocol) above the words of a question. */
export function drawAttached(article, attachments) {
  const list = Object.assign(document.createElement("ul"), { className: "attached", ariaLabel: t("Files") });
  list.append(...attachments.map(item));
  article.querySelector(".bubble").before(list);
}

function item(attachment) {
  const line = document.createElement("li");
  line.dataset.kind = attachment.kind;
  const href = document.getElementById("attach").dataset.address + attachment.id;
  const link = Object.assign(document.createElement("a"), { href, target: "_blank" });
  if (attachment.kind === "image") link.dataset.action = "enlarge";
  link.append(...(attachment.kind === "image" ? [picture(attachment, href)] : file(attachment)));
  line.append(link);
  return line;
}

function picture({ name, width, height }, src) {
  return Object.assign(document.createElement("img"), { loading: "lazy", src, alt: name, width, height });
}

function file({ name, characters }) {
  const size = t("{count} characters", { count: number(characters) });
  return [
    icon("file-text"),
    Object.assign(document.createElement("bdi"), { className: "file-name", textContent: name }),
    Object.assign(document.createElement("span"), { className: "file-size", textContent: size }),
  ];
}
