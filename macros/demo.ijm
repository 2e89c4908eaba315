// Hides parts of a simulated picture, restores them and puts the pictures side by side.
//
// The argument is the folder where the results go and the width of the picture in pixels: "folder;512". Without an
// argument, as from the macro editor, the results stay open and nothing is saved.

folder = ""; size = 512;
if (getArgument() != "") {
	words = split(getArgument(), ";");
	folder = words[0];
	size = parseInt(words[1]);
	setBatchMode(true);
}

run("Tweedie Sample...", "width=" + size + " height=" + size + " seed=1");
rename("truth");

// White is what shall be restored: round holes, a scratch and dead pixels.
random("seed", 1);
newImage("mask", "8-bit black", size, size, 1);
setColor(255);
for (i = 0; i < size * size / 6000; i++) {
	d = 8 + 10 * random();
	fillOval(size * random() - d / 2, size * random() - d / 2, d, d);
}
setLineWidth(5);
drawLine(0, size * 0.8, size, size * 0.35);
for (i = 0; i < size * size / 5; i++)
	setPixel(floor(size * random()), floor(size * random()), 255);
updateDisplay();

selectImage("truth");
getMinAndMax(low, high);
run("Duplicate...", "title=hidden");
selectImage("mask");
setThreshold(1, 255);
run("Create Selection");
resetThreshold();
selectImage("hidden");
run("Restore Selection");
run("Set...", "value=0");
run("Select None");
setMinAndMax(low, high);

run("Tweedie Inpaint...", "image=hidden mask=mask model=nuclei show=[restored and uncertainty] samples=8 steps=20 seed=1");

// The four side by side, each with its caption.
titles = newArray("hidden", "restored of hidden", "uncertainty of hidden", "truth");
captions = newArray("with holes", "restored", "uncertainty (SD)", "truth");
newImage("side by side", "RGB white", 4 * size + 12, size + 24, 1);
for (i = 0; i < titles.length; i++) {
	selectImage(titles[i]);
	run("Select None");
	run("Duplicate...", "title=tile");
	if (i != 2) setMinAndMax(low, high);
	run("RGB Color");
	Image.copy;
	close();
	selectImage("side by side");
	Image.paste(i * (size + 4), 24);
	setColor(0, 0, 0);
	setFont("SansSerif", 16, "antialiased");
	drawString(captions[i], i * (size + 4) + 4, 21);
}
run("Select None");

if (folder != "") {
	saved = Array.concat(titles, "mask");
	names = newArray("input", "restored", "uncertainty", "truth", "mask");
	for (i = 0; i < saved.length; i++) {
		selectImage(saved[i]);
		saveAs("Tiff", folder + File.separator + names[i] + ".tif");
	}
	selectImage("side by side");
	saveAs("PNG", folder + File.separator + "demo.png");
}
