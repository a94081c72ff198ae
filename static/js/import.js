// Bringing an archive: sent in pieces, so that no part of the site ever holds more than one; then read in steps.

const PATIENCE = 30;

const chooser = document.getElementById("import");
const stepper = document.getElementById("step");
const page = (chooser ?? stepper).closest("main");
const bar = page.querySelector("progress");
const state = document.getElementById("import-state");
const refusal = page.querySelector(".refusal");

/** An answer of the site that is no yes; `sentence` is what it says. */
class Refused extends Error {
  constructor(sentence, status) {
    super(`${status}: ${sentence}`);
    Object.assign(this, { sentence, status });
  }
}

/** Send something to the site and return what it says. Rejects with Refused, or TypeError without a connection. */
async function post(form, address, body, more = {}) {
  const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
  const headers = { Accept: "application/json", "X-CSRFToken": token, ...more };
  const response = await fetch(address, { method: "POST", body, headers });
  if (response.redirected) location.reload();
  const said = response.headers.get("Content-Type")?.startsWith("application/json") ? await response.json() : {};
  if (!response.ok) throw new Refused(said.text ?? refusal.dataset.failed, response.status);
  return said;
}

/** Try again for a while what fails for want of a connection, or of a site that is just starting. */
async function patiently(act) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await act();
    } catch (error) {
      const isOutage = error instanceof TypeError || error.status >= 500;
      if (!isOutage || tries === PATIENCE) throw error;
      await new Promise((resolve) => setTimeout(resolve, Math.min(tries, 5) * 1000));
    }
  }
}

function show(done, words) {
  bar.value = done;
  state.textContent = words;
}

function refuse(error) {
  console.warn(error);
  refusal.textContent = error.sentence ?? refusal.dataset.offline;
  refusal.hidden = false;
}

async function send(form) {
  const [file] = form.querySelector("[type=file]").files;
  refusal.hidden = true;
  form.querySelector("[type=submit]").disabled = true;
  bar.parentElement.hidden = false;
  const { address } = await post(form, form.action, new URLSearchParams({ name: file.name, size: file.size }));
  const size = Number(form.dataset.piece);
  for (let at = 0; at < file.size; ) {
    const type = { "Content-Type": "application/octet-stream" };
    const piece = file.slice(at, at + size);
    const { received } = await patiently(() => post(form, `${address}piece?at=${at}`, piece, type));
    at = received;
    show(at / file.size, new Intl.NumberFormat(document.documentElement.lang, { style: "percent" }).format(at / file.size));
  }
  location.assign(address);
}

async function read(form) {
  form.querySelector(".form-actions").hidden = true;
  for (;;) {
    const { status, position, total } = await patiently(() => post(form, form.action, new URLSearchParams()));
    if (status !== "running") break;
    bar.max = total || 1;
    show(position, form.dataset.state.replace("{position}", position).replace("{total}", total));
  }
  location.reload();
}

chooser?.addEventListener("submit", (event) => {
  event.preventDefault();
  send(chooser).catch((error) => {
    refuse(error);
    chooser.querySelector("[type=submit]").disabled = false;
  });
});

if (stepper) {
  read(stepper).catch((error) => {
    refuse(error);
    stepper.querySelector(".form-actions").hidden = false;
  });
}
