// The call list while names and phones are shown: an answer is sent beside the page, so that it stays for the next call.
const calls = document.querySelector("[data-calls]");
calls?.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("[data-heard]")) return;
  event.preventDefault();
  if (form.dataset.busy) return;
  form.dataset.busy = "1";
  const told = form.querySelector("[role=status]");
  const body = new URLSearchParams(new FormData(form));
  let said = calls.dataset.away;
  let kept = false;
  try {
    const answer = await fetch(form.action, { method: "POST", body });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const summary = page.querySelector(".summary");
    // kept, it leads back to the list; to anywhere else when the session is over
    kept = answer.ok && new URL(answer.url).pathname === calls.dataset.calls;
    if (kept) said = calls.dataset.saved;
    else if (answer.redirected) said = calls.dataset.over;
    else if (summary) {
      const parts = [...summary.querySelectorAll("li"), ...page.querySelectorAll("[data-came]")];
      said = parts.map((one) => one.textContent).join(" ");
    }
  } catch {
    // the system is away: what was typed stays, to be sent again
  }
  told.textContent = said;
  delete form.dataset.busy;
  delete form.dataset.sent;
  if (!kept) return;
  const row = form.closest("tr");
  const status = form.querySelector("input[name=status]:checked").parentElement.textContent.trim();
  form.closest("td").replaceChildren(`✓ ${said}: ${status}`);
  row.classList.add("heard");
  let next = row.nextElementSibling;
  while (next?.classList.contains("heard")) next = next.nextElementSibling;
  next?.querySelector("summary")?.focus();
});
