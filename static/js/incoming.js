// Files on their way into the question: picked, pasted into the field, or dropped anywhere on the page.

/** Call `take(files)` with what comes, and with none when somebody turns to the field below pictures, which not every
 * model sees. While files are held over the page, `main` has `data-drop`. */
export function listenForFiles(main, field, take) {
  const picker = document.getElementById("attach");
  picker.addEventListener("change", () => {
    take([...picker.files]);
    picker.value = "";
  });
  field.addEventListener("focus", () => main.querySelector(".attached [data-kind=image]") && take([]));
  field.addEventListener("paste", (event) => {
    const { files, types } = event.clipboardData;
    // Office programs put a picture of the text beside the text; a file that was copied may have its name beside it.
    if (!files.length || (types.includes("text/plain") && types.includes("text/html"))) return;
    event.preventDefault();
    take([...files]);
  });
  listenForDrops(main, take);
}

// A file that is dropped beside the field would otherwise take the place of the page.
function listenForDrops(main, take) {
  const leave = () => delete main.dataset.drop;
  document.addEventListener("dragover", (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    main.dataset.drop = "";
  });
  document.addEventListener("dragleave", (event) => event.relatedTarget || leave());
  document.addEventListener("drop", (event) => {
    leave();
    const files = [...event.dataTransfer.files];
    if (!files.length) return;
    event.preventDefault();
    take(files);
  });
}
