// Parts of a form that only some choices need: data-shown-for="name=value value" shows the part while the field `name` has
// one of these values. Without the script everything is shown; the server ignores what the choice does not need.
(() => {
  const update = (root) => {
    for (const part of root.querySelectorAll("[data-shown-for]")) {
      const [name, values] = part.dataset.shownFor.split("=");
      const form = part.closest("form");
      const field = form?.elements[name];
      if (field) part.hidden = !values.split(" ").includes(field.value);
    }
  };

  document.addEventListener("DOMContentLoaded", () => update(document));
  document.addEventListener("change", (event) => event.target.form && update(event.target.form));
  document.addEventListener("htmx:load", (event) => update(event.detail.elt));
})();
