// Denoises every image of a folder and of the folders in it, and keeps their order in the folder of the results. What fails is
// reported and passed over. It needs no window:
//
//   ImageJ --headless -macro denoise-folder.ijm "images;results;samples=0"
//
// The argument is two folders and, if wanted, options of 'Tweedie Denoise...' other than image and save. Without one it asks
// for the folders. The noise is estimated for each image by itself. A folder that is a link back to one in which it lies is passed
// over.

argument = getArgument();
if (argument == "") {
	if (is("Batch Mode")) exit("denoise-folder needs the argument \"images;results\" or \"images;results;options\".");
	argument = getDirectory("Folder of images") + ";" + getDirectory("Folder for results");
}
words = split(argument, ";");
if (words.length < 2) exit("denoise-folder needs two folders, \"images;results\"; seen was \"" + argument + "\".");
images = folder(words[0]); results = folder(words[1]);
options = "";
if (words.length > 2) options = words[2];
if (!File.isDirectory(images)) exit("There is no folder " + images);
if (call("io.github.tweedie.command.ImageFile.within", results, images) == "true")
	exit("The folder of the results must not lie in that of the images, " + images);
File.makeDirectory(results);
if (!File.isDirectory(results)) exit("The folder " + results + " cannot be made; make it, or give another one.");

setBatchMode(true);
done = 0; failed = 0;
visit(images, results, "\n" + real(results) + "\n");
print(done + " denoised, " + failed + " failed; results are in " + results);

// The folders of which the names are given, each in a line, are not entered again.
function visit(from, to, above) {
	above = above + real(from) + "\n";
	names = getFileList(from);
	for (i = 0; i < names.length; i++) {
		if (endsWith(names[i], "/")) {
			if (indexOf(above, "\n" + real(from + names[i]) + "\n") >= 0) {
				print("PASSED OVER " + from + names[i] + ": it leads back to a folder in which it lies, or to the results");
				continue;
			}
			File.makeDirectory(to + names[i]);
			visit(from + names[i], to + names[i], above);
			continue;
		}
		problem = denoise(from + names[i], to + base(names, i));
		if (problem == "") done++;
		else { failed++; print("FAILED " + from + names[i] + ": " + problem); }
	}
}

function real(path) {
	return call("io.github.tweedie.command.ImageFile.real", path);
}

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
function denoise(file, result) {
	problem = call("io.github.tweedie.command.ImageFile.open", file);
	if (problem != "") return problem;
	image = getTitle();
	problem = call("io.github.tweedie.command.Denoise.attempt", "image=[" + image + "] " + options);
	titles = newArray("denoised", "uncertainty", "lower bound", "upper bound", "residual", "noise");
	ends = newArray("denoised", "uncertainty", "lower", "upper", "residual", "noise");
	for (k = 0; k < titles.length; k++) {
		title = titles[k] + " of " + image; end = ends[k];
		if (problem == "") problem = save(title, result + "-" + end + ".tif");
	}
	// NB: the image and its results, and no other that is open.
	close("*" + image);
	return problem;
}

function save(title, file) {
	if (!isOpen(title)) return "";
	return call("io.github.tweedie.command.ImageFile.save", title, file);
}
