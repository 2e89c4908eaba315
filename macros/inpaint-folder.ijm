// Restores every image of a folder under the mask of the same name in another folder. What fails is reported and passed
// over. It needs no window:
//
//   ImageJ --headless -macro inpaint-folder.ijm "images;masks;results;samples=8 seed=1"
//
// The argument is three folders and, if wanted, options of 'Tweedie Inpaint...' other than image and mask. Without an
// argument it asks for the folders. White pixels of a mask are restored.

argument = getArgument();
if (argument == "") {
	if (is("Batch Mode")) exit("inpaint-folder needs the argument \"images;masks;results\" or \"images;masks;results;options\".");
	argument = getDirectory("Folder of images") + ";" + getDirectory("Folder of masks") + ";" + getDirectory("Folder for results");
}
words = split(argument, ";");
if (words.length < 3) exit("inpaint-folder needs three folders, \"images;masks;results\"; seen was \"" + argument + "\".");
images = folder(words[0]); masks = folder(words[1]); results = folder(words[2]);
options = "";
if (words.length > 3) options = words[3];
if (!File.isDirectory(images)) exit("There is no folder " + images);
if (!File.isDirectory(masks)) exit("There is no folder " + masks);
File.makeDirectory(results);

setBatchMode(true);
names = getFileList(images);
done = 0; failed = 0;
for (i = 0; i < names.length; i++) {
	if (endsWith(names[i], "/")) continue;
	problem = restore(names[i], base(names, i));
	if (problem == "") done++;
	else { failed++; print("FAILED " + names[i] + ": " + problem); }
	close("*");
}
print(done + " restored, " + failed + " failed; results are in " + results);

// The name without its extension, unless an earlier image has the same: a.png and a.tif have results a-... and a.tif-...
function base(names, index) {
	name = File.getNameWithoutExtension(names[index]);
	for (j = 0; j < index; j++)
		if (toLowerCase(File.getNameWithoutExtension(names[j])) == toLowerCase(name) && !endsWith(names[j], "/")) return names[index];
	return name;
}

function folder(path) {
	if (endsWith(path, "/") || endsWith(path, File.separator)) return path;
	return path + File.separator;
}

// Gives an empty string, or the sentence that tells what failed.
function restore(name, result) {
	if (!File.exists(masks + name)) return "there is no mask of this name in " + masks;
	if (!opened(images + name)) return "the image cannot be read";
	rename("image");
	if (!opened(masks + name)) return "the mask cannot be read";
	rename("mask");
	problem = call("io.github.tweedie.command.Inpaint.attempt", "image=image mask=mask " + options);
	if (problem != "") return problem;
	save("restored of image", result + "-restored.tif");
	save("uncertainty of image", result + "-uncertainty.tif");
	save("samples of image", result + "-samples.tif");
	return "";
}

// NB: ImageJ opens an editor for what looks like text, and ends the macro at a broken image unless messages go to the log.
function opened(path) {
	head = File.openAsRawString(path, 4);
	if (head == "") return false;
	first = charCodeAt(head, 0);
	if (!(startsWith(head, "II") || startsWith(head, "MM") || startsWith(head, "BM") || startsWith(head, "GIF")
		|| startsWith(head, "P5") || first == 137 || first == 255)) return false;
	before = nImages;
	call("ij.IJ.redirectErrorMessages");
	open(path);
	return (nImages > before);
}

function save(title, file) {
	if (!isOpen(title)) return;
	selectImage(title);
	saveAs("Tiff", results + file);
}
