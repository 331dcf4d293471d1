// A text field as high as its text, up to the height that CSS allows.
export function growWithText(field: HTMLTextAreaElement): void {
  const fit = () => {
    field.style.height = 'auto';
    field.style.height = `${field.scrollHeight}px`;
  };
  field.addEventListener('input', fit);
  fit();
}
