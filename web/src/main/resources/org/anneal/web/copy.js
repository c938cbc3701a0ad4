// Copies what an element shows.

/** Copies the text of an element, or if the browser does not let us, selects it; returns what to tell the user. */
export async function copy(element) {
  try {
    await navigator.clipboard.writeText(element.textContent);
    return 'Copied.';
  } catch {
    getSelection().selectAllChildren(element);
    return 'Selected: press Ctrl+C to copy.';
  }
}
