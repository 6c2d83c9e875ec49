// Entries that hold each word of what is looked for, wherever it stands.
const box = document.querySelector("main input");
const rows = [...document.querySelectorAll("#entries li")];
const texts = rows.map(row => row.textContent.toLowerCase());
function find() {
  const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
  let found = 0;
  rows.forEach((row, n) => {
    row.hidden = !words.every(word => texts[n].includes(word));
    found += !row.hidden;
  });
  document.querySelector("#found").textContent = `${found} of ${rows.length}`;
}
box.value = new URLSearchParams(location.search).get("q") ?? "";
box.addEventListener("input", find);
find();
