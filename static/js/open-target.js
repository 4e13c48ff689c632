// A link to a closed <details> opens it: what it leads to must be in sight.
(() => {
  const open = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target?.matches("details")) {
      target.open = true;
      target.hidden = false;
      target.scrollIntoView();
    }
  };
  addEventListener("hashchange", open);
  open();
})();
