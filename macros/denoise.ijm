// Denoises one image file and saves the result as TIFF. It needs no window:
//
//   ImageJ --headless -macro denoise.ijm "image.tif;denoised.tif;samples=0"
//
// The argument is two files and, if wanted, options of 'Tweedie Denoise...' other than image. Further results of the options are
// saved beside the second file, with -uncertainty, -lower, -upper, -residual or -noise in their names. Without an argument it
// denoises the image in front and shows what was taken away. For a folder there is denoise-folder.ijm.

argument = getArgument();
if (argument == "") {
	if (nImages == 0) exit("denoise needs an open image, or the argument \"image;result\" or \"image;result;options\".");
	run("Tweedie Denoise...", "residual=yes");
	exit();
}
words = split(argument, ";");
if (words.length < 2) exit("denoise needs two files, \"image;result\"; seen was \"" + argument + "\".");
if (!File.exists(words[0])) exit("There is no file " + words[0]);
options = "";
if (words.length > 2) options = words[2];
result = words[1];
if (endsWith(toLowerCase(result), ".tif")) result = substring(result, 0, lengthOf(result) - 4);

setBatchMode(true);
open(words[0]);
rename("image");
run("Tweedie Denoise...", "image=image " + options);
names = newArray("denoised", "uncertainty", "lower bound", "upper bound", "residual", "noise");
files = newArray("", "-uncertainty", "-lower", "-upper", "-residual", "-noise");
for (i = 0; i < names.length; i++) {
	if (!isOpen(names[i] + " of image")) continue;
	selectImage(names[i] + " of image");
	saveAs("Tiff", result + files[i] + ".tif");
	print("Written: " + result + files[i] + ".tif");
}
