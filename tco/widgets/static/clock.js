// Tells Python the time zone of whoever looks at the page; there is nothing to see.
function initialize({ model }) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && zone !== model.get("zone")) { model.set("zone", zone); model.save_changes(); }
}

export default { initialize };
