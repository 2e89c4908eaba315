// Rates every image of a folder and saves the table of bits per dimension. What fails is reported and passed over:
//
//   ImageJ --headless -macro likelihood-folder.ijm "images;bits.csv;low=100 high=4095"
//
// The argument is the folder, the table to be written and options of 'Tweedie Likelihood...' other than image. Images are
// to be compared only if all have the same low and high.

words = split(getArgument(), ";");
if (words.length < 2) exit("likelihood-folder needs the argument \"images;table.csv;low=... high=...\"; seen was \"" + getArgument() + "\".");
images = words[0]; options = "";
if (!endsWith(images, File.separator) && !endsWith(images, "/")) images = images + File.separator;
if (!File.isDirectory(images)) exit("There is no folder " + images);
if (words.length > 2) options = words[2];

setBatchMode(true);
run("Clear Results");
names = getFileList(images);
failed = 0;
for (i = 0; i < names.length; i++) {
	name = toLowerCase(names[i]);
	if (!(endsWith(name, ".tif") || endsWith(name, ".tiff") || endsWith(name, ".png"))) continue;
	problem = call("io.github.tweedie.command.ImageFile.open", images + names[i]);
	if (problem == "") {
		image = getImageID();
		rename(names[i]);
		problem = call("io.github.tweedie.command.Likelihood.attempt", "show=table " + options);
		selectImage(image);
		close();
	}
	if (problem != "") { failed++; print("FAILED " + names[i] + ": " + problem); }
}
saveAs("Results", words[1]);
print(nResults + " planes rated, " + failed + " images failed; the table is " + words[1]);
