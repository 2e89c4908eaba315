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
if (!File.isDirectory(results)) exit("The folder " + results + " cannot be made; make it, or give another one.");

setBatchMode(true);
names = getFileList(images);
done = 0; failed = 0;
for (i = 0; i < names.length; i++) {
	if (endsWith(names[i], "/")) continue;
	problem = restore(names[i], base(names, i));
	if (problem == "") done++;
	else { failed++; print("FAILED " + names[i] + ": " + problem); }
}
print(done + " restored, " + failed + " failed; results are in " + results);

// The name without its extension, or with it where another image would have the same: a.png and a.tif have results a.png-... and
// a.tif-... NB: the macro language compares without regard to case.
function base(names, index) {
	name = File.getNameWithoutExtension(names[index]);
	for (j = 0; j < names.length; j++) {
		other = names[j];
		stem = File.getNameWithoutExtension(other);
		if (j != index && !endsWith(other, "/") && (other == name || stem == name)) return names[index];
	}
	return name;
}

function folder(path) {
	if (endsWith(path, "/") || endsWith(path, File.separator)) return path;
	return path + File.separator;
}

// Gives an empty string, or the sentence that tells what failed.
function restore(name, result) {
	if (!File.exists(masks + name)) return "there is no mask of this name in " + masks;
	problem = call("io.github.tweedie.command.ImageFile.open", images + name);
	if (problem != "") return problem;
	image = getTitle();
	problem = call("io.github.tweedie.command.ImageFile.open", masks + name);
	if (problem == "") {
		mask = getTitle();
		problem = call("io.github.tweedie.command.Inpaint.attempt", "image=[" + image + "] mask=[" + mask + "] " + options);
		close(mask);
	}
	else problem = "of the mask " + masks + name + ", " + problem;
	titles = newArray("restored", "uncertainty", "samples");
	for (k = 0; k < titles.length; k++) {
		title = titles[k] + " of " + image; end = titles[k];
		if (problem == "") problem = save(title, result + "-" + end + ".tif");
	}
	// NB: the image and its results, and no other that is open.
	close("*" + image);
	return problem;
}

function save(title, file) {
	if (!isOpen(title)) return "";
	return call("io.github.tweedie.command.ImageFile.save", title, results + file);
}
