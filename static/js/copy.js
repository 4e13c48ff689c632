// data-copy="id of a field" copies its value and says so.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const field = document.getElementById(button.dataset.copy);
  field.select();
  let copied = true;
  try {
    await navigator.clipboard.writeText(field.value);
  } catch {
    copied = document.execCommand("copy"); // plain http has no clipboard of its own
  }
  if (!copied) return;
  document.dispatchEvent(new CustomEvent("toast", { detail: { level: "success", message: button.dataset.copied } }));
});
