// <x-rule> around the fields of a rule: as long as nobody has chosen its kind, the kind follows what is typed.
class XRule extends HTMLElement {
  connectedCallback() {
    const [amount, percent] = this.querySelectorAll('input:not([type=radio])');
    const given = () => (amount.value.trim() ? 1 : 0) + (percent.value.trim() ? 2 : 0);
    const radio = value => this.querySelector(`input[type=radio][value="${value}"]`);
    if (given() || !radio('postback').checked) return;
    this.dataset.follows = '';
    this.addEventListener('change', e => { if (e.isTrusted && e.target.type === 'radio') delete this.dataset.follows; });
    this.addEventListener('input', e => { if (e.target.type !== 'radio' && 'follows' in this.dataset) radio(['postback', 'fixed', 'percent', 'hybrid'][given()]).checked = true; });
  }
}
customElements.define('x-rule', XRule);
