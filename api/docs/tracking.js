// Shows TRACKING.md.
import { markdown } from "./markdown.js";

const guide = document.getElementById("guide");
try {
  const response = await fetch("/api/docs/tracking.md");
  if (!response.ok) throw new Error(response.statusText);
  guide.append(...markdown(await response.text()));
  document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
} catch {
  guide.append("The text cannot be read.");
}
