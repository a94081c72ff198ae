// Names for what Django's scripts build without any: the fields of Select2, and the signs beside long choices.

const nameOf = (select) => select.getAttribute("aria-label") ?? select.labels[0].textContent;

/** Let a field say its name, then what is chosen in it. */
function nameField(select) {
  const field = select.nextElementSibling?.querySelector("[role=combobox]");
  const chosen = field?.querySelector("[role=textbox]");
  if (!chosen) return;
  field.id = `${chosen.id}-field`;
  field.setAttribute("aria-label", nameOf(select));
  field.setAttribute("aria-labelledby", `${field.id} ${chosen.id}`);
  field.setAttribute("aria-controls", chosen.id.replace(/container$/, "results"));
  chosen.removeAttribute("role");
  chosen.removeAttribute("aria-readonly");
}

function nameAll() {
  document.querySelectorAll("select.select2-hidden-accessible").forEach(nameField);
  const opened = document.querySelector("select:has(+ .select2-container--open)");
  if (opened) document.querySelector(".select2-search__field")?.setAttribute("aria-label", nameOf(opened));
  document.querySelectorAll("span.help-tooltip[aria-label]").forEach((sign) => sign.setAttribute("role", "img"));
}

nameAll();
new MutationObserver(nameAll).observe(document.body, { childList: true, subtree: true });
