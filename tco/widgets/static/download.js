// Hands a file made in Python to the browser's downloads.
function render({ model, el }) {
  const save = (message, buffers) => {
    if (message.kind !== "file") return;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([buffers[0]], { type: message.type }));
    link.download = message.name;
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  };
  model.on("msg:custom", save);
  return () => model.off("msg:custom", save);
}

export default { render };
