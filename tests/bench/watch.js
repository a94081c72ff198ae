// Runs in the measured page before anything else: notes when it is usable, and between begin() and end() every frame
// and every task over 50 ms.
(() => {
  const watch = { usable: null };
  let frames = [];
  let tasks = [];
  let running = 0;

  const main = () => document.getElementById("chat");
  const opened = new MutationObserver(() => {
    const field = document.getElementById("text");
    if (main()?.dataset.connection !== "open" || !field || field.disabled) return;
    watch.usable = performance.now();
    opened.disconnect();
  });
  opened.observe(document, { subtree: true, attributeFilter: ["data-connection"] });

  const long = new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration)));

  function frame() {
    frames.push(performance.now());
    running = requestAnimationFrame(frame);
  }

  watch.begin = () => {
    frames = [];
    tasks = [];
    long.observe({ type: "longtask" });
    running = requestAnimationFrame(frame);
  };

  watch.end = () => {
    cancelAnimationFrame(running);
    long.disconnect();
    return { frames, tasks };
  };

  // Resolves when the page is in that phase.
  watch.phase = (name) =>
    new Promise((resolve) => {
      const look = () => main().dataset.phase === name && (seen.disconnect(), resolve());
      const seen = new MutationObserver(look);
      seen.observe(main(), { attributeFilter: ["data-phase"] });
      look();
    });

  globalThis.watch = watch;
})();
