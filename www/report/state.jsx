// What stands where there is no answer: one sentence.

export function State({ failure, isEmpty, children = 'Nothing in this time.' }) {
  if (failure) {
    return (
      <p class="state" role="alert">
        {failure[0].toUpperCase() + failure.slice(1)}.
      </p>
    );
  }
  if (isEmpty) return <p class="state">{children}</p>;
  if (isEmpty === undefined) return <p class="state soft">Asking the collector…</p>;
  return null;
}
