// The grid of scores: Enter and arrows move down and up a column; each cell is saved when it is left, and says so.
const grid = document.querySelector("[data-grid]");
if (grid) {
  const form = grid.closest("form");
  const cells = [...grid.querySelectorAll("input[data-part]")];
  const stateOf = (cell) => document.getElementById(`k-${cell.id}`);
  const stoodIn = (cell) => form.elements[`lama-${cell.name}`];
  const isUnsaved = (cell) => cell.value.trim() !== stoodIn(cell).value.trim();
  const saving = new Map(); // cell → its last saving, so that one follows the other
  const again = new Set(); // cells that wait for the system to answer

  const say = (cell, state, words) => {
    const told = stateOf(cell);
    told.className = `state ${state}`;
    told.dataset.state = state;
    told.textContent = words;
  };

  async function save(cell) {
    say(cell, "saving", grid.dataset.saving);
    const body = new URLSearchParams({
      csrf_token: form.elements.csrf_token.value, pendaftar: cell.dataset.id, bagian: cell.dataset.part,
      nilai: cell.value, lama: stoodIn(cell).value,
    });
    const typed = cell.value;
    let answer = null;
    let told = null;
    try {
      answer = await fetch(form.dataset.cell, { method: "POST", body, redirect: "manual" });
      if (answer.ok) told = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(".state");
    } catch {
      // away, or gone in the middle of its answer
    }
    if (answer?.type === "opaqueredirect" || answer?.status === 403) {
      say(cell, "error", grid.dataset.over);
      again.add(cell);
    } else if (!told) { // no answer, or somebody else's: a network that wants its conditions read
      say(cell, "error", grid.dataset.away);
      again.add(cell);
    } else {
      again.delete(cell);
      show(cell, told, typed);
    }
  }

  function show(cell, told, typed) {
    stateOf(cell).replaceWith(told);
    const { state, stands, total } = told.dataset;
    cell.toggleAttribute("aria-invalid", state !== "saved");
    if (state === "saved") {
      stoodIn(cell).value = stands;
      if (cell.value === typed) cell.value = stands;
      if (total) document.getElementById(`total-${cell.dataset.id}`).textContent = total;
    }
    for (const button of told.querySelectorAll("button")) {
      button.hidden = false;
      button.addEventListener("click", () => {
        stoodIn(cell).value = stands;
        cell.focus();
        if (button.dataset.keep === "theirs") {
          cell.value = stands;
          cell.removeAttribute("aria-invalid");
          say(cell, "", "");
        } else saveSoon(cell);
      });
    }
  }

  function saveSoon(cell) {
    const before = saving.get(cell) ?? Promise.resolve();
    saving.set(cell, before.then(() => isUnsaved(cell) && save(cell)));
  }

  function move(cell, down) {
    const column = cells.filter((one) => one.dataset.part === cell.dataset.part);
    const next = column[column.indexOf(cell) + (down ? 1 : -1)] ?? (down && form.querySelector("a[rel=next]"));
    if (!next) cell.blur();
    next?.focus();
    next?.select?.();
  }

  grid.addEventListener("keydown", (event) => {
    if (!event.target.dataset.part || !["Enter", "ArrowDown", "ArrowUp"].includes(event.key)) return;
    event.preventDefault();
    move(event.target, event.key !== "ArrowUp");
  });
  grid.addEventListener("input", ({ target }) => {
    if (target.dataset.part) say(target, "unsaved", isUnsaved(target) ? grid.dataset.unsaved : "");
  });
  grid.addEventListener("focusout", ({ target }) => {
    if (target.dataset.part && isUnsaved(target)) saveSoon(target);
  });
  addEventListener("beforeunload", (event) => {
    if (cells.some(isUnsaved) && !form.dataset.sent) event.preventDefault();
  });

  // whoever has signed in again elsewhere has another token: the page as it is now knows it
  setInterval(async () => {
    if (!again.size) return;
    const page = await fetch(location.href, { redirect: "manual" }).catch(() => null);
    if (!page?.ok) return;
    const now = new DOMParser().parseFromString(await page.text(), "text/html");
    form.elements.csrf_token.value = now.querySelector("[data-cell] input[name=csrf_token]").value;
    for (const cell of again) saveSoon(cell);
  }, 5000);
}
