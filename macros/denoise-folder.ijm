// Denoises every image of a folder and of the folders in it, and keeps their order in the folder of the results. What fails is
// reported and passed over. It needs no window:
//
//   ImageJ --headless -macro denoise-folder.ijm "images;results;samples=0"
//
// The argument is two folders and, if wanted, options of 'Tweedie Denoise...' other than image and save. Without one it asks
// for the folders. The noise is estimated for each image by itself.

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
if (startsWith(results, images)) exit("The folder of the results must not lie in that of the images, " + images);
File.makeDirectory(results);

setBatchMode(true);
done = 0; failed = 0;
visit(images, results);
print(done + " denoised, " + failed + " failed; results are in " + results);

function visit(from, to) {
	names = getFileList(from);
	for (i = 0; i < names.length; i++) {
		if (endsWith(names[i], "/")) {
			File.makeDirectory(to + names[i]);
			visit(from + names[i], to + names[i]);
			continue;
		}
		problem = denoise(from + names[i], to + base(names, i));
		if (problem == "") done++;
		else { failed++; print("FAILED " + from + names[i] + ": " + problem); }
		close("*");
	}
}

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
function denoise(file, result) {
	if (!opened(file)) return "the image cannot be read";
	rename("image");
	problem = call("io.github.tweedie.command.Denoise.attempt", "image=image " + options);
	if (problem != "") return problem;
	save("denoised of image", result + "-denoised.tif");
	save("uncertainty of image", result + "-uncertainty.tif");
	save("lower bound of image", result + "-lower.tif");
	save("upper bound of image", result + "-upper.tif");
	save("residual of image", result + "-residual.tif");
	save("noise of image", result + "-noise.tif");
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
	saveAs("Tiff", file);
}
