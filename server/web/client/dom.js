// Making nodes. Text goes in as text and never as markup.

export const byId = (id) => document.getElementById(id);

/** Makes an element with a class, properties or attributes, and children (nodes or text). */
export function element(tag, { className = '', ...properties } = {}, ...children) {
  const node = document.createElement(tag);
  if (className !== '') node.className = className;
  for (const [name, value] of Object.entries(properties)) {
    if (name in node) node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

/** Shows the text in the element, or hides it when there is none. */
export function showText(node, text) {
  node.textContent = text;
  node.hidden = text === '';
}
