// What pages do beyond what they say: rest while nobody looks, and disturb nobody who is typing.
document.addEventListener("htmx:beforeRequest", (event) => {
  const part = event.target;
  if (document.hidden || part.querySelector("details[open]") || part.contains(document.activeElement)) {
    event.preventDefault();
  }
});
// a form is sent once, however often it is pressed
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "1";
  setTimeout(() => delete form.dataset.sent, 8000);
});
window.addEventListener("pageshow", () => {
  for (const form of document.forms) delete form.dataset.sent;
});
// what was typed into one form is not lost unasked when another one of the same page is sent
const isTyped = (one) =>
  one.type === "checkbox" ? one.checked !== one.defaultChecked : "defaultValue" in one && one.value !== one.defaultValue;
window.addEventListener("beforeunload", (event) => {
  for (const form of document.querySelectorAll("form[data-ask]")) {
    if (!form.dataset.sent && [...form.elements].some(isTyped)) event.preventDefault();
  }
});
// the summary of errors is what the eye and the screen reader come to first
document.querySelector(".summary")?.focus();
