// Counts the seconds of what is under way, between two answers of the server.
function tellSince() {
  for (const place of document.querySelectorAll("[data-since]")) {
    const seconds = Math.max(0, Math.round((Date.now() - Date.parse(place.dataset.since)) / 1000));
    const minutes = Math.floor(seconds / 60);
    place.textContent = minutes ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
  }
}
setInterval(tellSince, 1000);
document.addEventListener("DOMContentLoaded", tellSince);
document.addEventListener("htmx:afterSwap", tellSince);
