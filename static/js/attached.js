// The files of a question, as templates/conversations/_attached.html draws them, and who cannot see them.

import { icon } from "./icons.js";
import { number, t } from "./i18n.js";
import { nextModel } from "./model.js";

/** Draw `attachments` (states of the protocol) above the words of a question. */
export function drawAttached(article, attachments) {
  const list = Object.assign(document.createElement("ul"), { className: "attached", ariaLabel: t("Files") });
  list.append(...attachments.map(item));
  article.querySelector(".bubble").before(list);
}

/** Return whether pictures stand in the conversation above `element`. */
export function hasPicturesAbove(element) {
  const pictures = [...document.querySelectorAll(".attached [data-kind=image]")];
  return pictures.some((picture) => picture.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_FOLLOWING);
}

/** Return what to say where the model that answers next cannot see the pictures above `element`, else "". `chosen` is
 * the model that has not gone out yet, if there is one. */
export function unseenAbove(element, chosen) {
  const { name: model, vision } = nextModel(chosen);
  if (vision !== "false" || !hasPicturesAbove(element)) return "";
  return t("{model} cannot see pictures. Of those above it is told the names only.", { model });
}

/** Say it in `form`, which asks a question again, for as long as that stands there; `chosen()` tells the model. */
export function noteUnseen(form, chosen) {
  const main = document.getElementById("chat");
  const note = Object.assign(document.createElement("p"), { className: "files-note", role: "status" });
  const tell = () => {
    note.textContent = unseenAbove(form, chosen());
    note.hidden = !note.textContent;
    if (!form.isConnected) main.removeEventListener("settingschange", tell);
  };
  form.querySelector("textarea").after(note);
  main.addEventListener("settingschange", tell);
  tell();
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
