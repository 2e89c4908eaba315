// Denoises one image file and saves the result as TIFF. It needs no window:
//
//   ImageJ --headless -macro denoise.ijm "image.tif;denoised.tif;samples=0"
//
// The argument is two files and, if wanted, options of 'Tweedie Denoise...' other than image. Further results of the options are
// saved beside the second file, with -uncertainty, -lower, -upper, -residual or -noise in their names. The image itself is never
// overwritten, other files of these names are. Without an argument it denoises the image in front and shows what was taken away.
// For a folder there is denoise-folder.ijm.

argument = getArgument();
if (argument == "") {
	if (nImages == 0) exit("denoise needs an open image, or the argument \"image;result\" or \"image;result;options\".");
	run("Tweedie Denoise...", "residual=yes");
	exit();
}
words = split(argument, ";");
if (words.length < 2) exit("denoise needs two files, \"image;result\"; seen was \"" + argument + "\".");
options = "";
if (words.length > 2) options = words[2];
result = words[1];
if (endsWith(toLowerCase(result), ".tif")) result = substring(result, 0, lengthOf(result) - 4);
else if (endsWith(toLowerCase(result), ".tiff")) result = substring(result, 0, lengthOf(result) - 5);
names = newArray("denoised", "uncertainty", "lower bound", "upper bound", "residual", "noise");
files = newArray("", "-uncertainty", "-lower", "-upper", "-residual", "-noise");
for (i = 0; i < names.length; i++)
	if (call("io.github.tweedie.command.ImageFile.same", words[0], result + files[i] + ".tif") == "true")
		exit("The result " + result + files[i] + ".tif would overwrite the image; give it another name.");

setBatchMode(true);
problem = call("io.github.tweedie.command.ImageFile.open", words[0]);
if (problem != "") exit("The image " + words[0] + " cannot be denoised: " + problem + ".");
image = getTitle();
problem = call("io.github.tweedie.command.Denoise.attempt", "image=[" + image + "] " + options);
if (problem != "") exit(problem);
for (i = 0; i < names.length; i++) {
	if (!isOpen(names[i] + " of " + image)) continue;
	problem = call("io.github.tweedie.command.ImageFile.save", names[i] + " of " + image, result + files[i] + ".tif");
	if (problem != "") exit(problem);
	print("Written: " + result + files[i] + ".tif");
}
