"use strict";
// The token of the mailed link stands in the address; it leaves the address bar and the history at once.
const token = new URLSearchParams(location.search).get("token") || "";
history.replaceState(null, "", location.pathname);
const form = document.getElementById("form");
const password = document.getElementById("password");
const said = document.getElementById("said");
const button = form.querySelector("button");
if (!token) {
  said.textContent = "This address has no token. Open the link of the mail again.";
  button.disabled = true;
}
document.getElementById("show").addEventListener("change", (e) => { password.type = e.target.checked ? "text" : "password"; });
form.addEventListener("submit", async (e) => {
  e.preventDefault();
  button.disabled = true;
  said.textContent = "One moment …";
  try {
    const answer = await fetch("/api/v1/auth/set-password", {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ token, password: password.value }),
    });
    if (answer.ok) {
      form.replaceChildren(said);
      said.textContent = "The password is set. You can log in with it now.";
      return;
    }
    const problem = await answer.json();
    said.textContent = (problem.errors && problem.errors[0] && problem.errors[0].message) || problem.detail || "That did not work; try again.";
  } catch {
    said.textContent = "The server cannot be reached; try again in a moment.";
  }
  button.disabled = false;
  password.focus();
});
