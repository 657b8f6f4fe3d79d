/** A command to be typed in a terminal; a long one scrolls, by keys too. */
export function Command({ text }: { text: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be reached and scrolled by keys
    <pre class="command" tabIndex={0}>
      <code>{text}</code>
    </pre>
  );
}
