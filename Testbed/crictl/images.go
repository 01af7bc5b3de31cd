package main

import (
	"fmt"
	"os"
	"strings"

	cri "k8s.io/cri-api/pkg/apis/runtime/v1"
)

func images(c client, w *words) error {
	request := &cri.ListImagesRequest{}
	if len(w.rest) > 0 {
		request.Filter = &cri.ImageFilter{Image: &cri.ImageSpec{Image: w.rest[0]}}
	}
	answer, err := c.images.ListImages(c.ctx, request)
	if err != nil {
		return err
	}
	if w.wantsJSON() {
		return printMessage(answer)
	}
	rows := [][]string{{"IMAGE", "TAG", "IMAGE ID", "SIZE"}}
	if w.has("digests") {
		rows[0] = []string{"IMAGE", "TAG", "DIGEST", "IMAGE ID", "SIZE"}
	}
	for _, image := range answer.Images {
		if w.isQuiet() {
			fmt.Println(image.Id)
			continue
		}
		rows = append(rows, imageRows(image, w)...)
	}
	if w.isQuiet() {
		return nil
	}
	return printTable(rows)
}

func imageRows(image *cri.Image, w *words) [][]string {
	digest, id := "<none>", short(image.Id)
	if len(image.RepoDigests) > 0 {
		digest = short(image.RepoDigests[0][strings.Index(image.RepoDigests[0], "@")+1:])
	}
	if w.has("no-trunc") {
		id = image.Id
	}
	tags := image.RepoTags
	if len(tags) == 0 {
		tags = []string{"<none>:<none>"}
		if len(image.RepoDigests) > 0 {
			tags[0] = image.RepoDigests[0][:strings.Index(image.RepoDigests[0], "@")] + ":<none>"
		}
	}
	var rows [][]string
	for _, tag := range tags {
		colon := strings.LastIndex(tag, ":")
		row := []string{tag[:colon], tag[colon+1:]}
		if w.has("digests") {
			row = append(row, digest)
		}
		rows = append(rows, append(row, id, size(image.Size_)))
	}
	return rows
}

func inspectImage(c client, w *words) error {
	for _, name := range w.rest {
		answer, err := c.images.ImageStatus(c.ctx, &cri.ImageStatusRequest{Image: &cri.ImageSpec{Image: name}, Verbose: true})
		if err != nil {
			return err
		}
		if answer.Image == nil {
			return fmt.Errorf("no such image %q present", name)
		}
		if err := printJSON(verbose(answer.Image, answer.Info)); err != nil {
			return err
		}
	}
	return nil
}

func pull(c client, w *words) error {
	if len(w.rest) == 0 {
		return fmt.Errorf("'IMAGE' cannot be empty")
	}
	answer, err := c.images.PullImage(c.ctx, &cri.PullImageRequest{Image: &cri.ImageSpec{Image: w.rest[0]}})
	if err != nil {
		return fmt.Errorf("pulling image: %v", err)
	}
	fmt.Printf("Image is up to date for %s\n", answer.ImageRef)
	return nil
}

// removeImages swallows single errors of --prune, as crictl does.
func removeImages(c client, w *words) error {
	isPrune := w.has("prune", "q")
	names := w.rest
	if isPrune || w.has("all", "a") {
		unused, err := prunable(c, isPrune)
		if err != nil {
			return err
		}
		if len(unused) == 0 {
			note("info", "No images to remove")
		}
		names = unused
	}
	failed := false
	for _, name := range names {
		answer, err := c.images.ImageStatus(c.ctx, &cri.ImageStatusRequest{Image: &cri.ImageSpec{Image: name}})
		if err != nil {
			return fmt.Errorf("image status for %q: %v", name, err)
		}
		if answer.Image == nil {
			fmt.Fprintf(os.Stderr, "no such image %s\n", name)
			failed = true
			continue
		}
		if _, err := c.images.RemoveImage(c.ctx, &cri.RemoveImageRequest{Image: &cri.ImageSpec{Image: name}}); err != nil {
			note("error", "error of removing image %q: %v", name, err)
			failed = failed || !isPrune
			continue
		}
		printDeleted(answer.Image, name)
	}
	if failed {
		return fmt.Errorf("unable to remove the image(s)")
	}
	return nil
}

func printDeleted(image *cri.Image, name string) {
	if len(image.RepoTags) == 0 {
		fmt.Println("Deleted:", name)
	}
	for _, tag := range image.RepoTags {
		fmt.Println("Deleted:", tag)
	}
}

// prunable are the IDs of the images without a container in any state; sandboxes' images count as unused.
func prunable(c client, isPrune bool) ([]string, error) {
	all, err := c.images.ListImages(c.ctx, &cri.ListImagesRequest{})
	if err != nil {
		return nil, err
	}
	used := map[string]bool{}
	if isPrune {
		containers, err := c.runtime.ListContainers(c.ctx, &cri.ListContainersRequest{})
		if err != nil {
			return nil, err
		}
		for _, container := range containers.Containers {
			used[container.ImageRef] = true
			used[container.Image.GetImage()] = true
		}
	}
	var ids []string
	for _, image := range all.Images {
		isUsed := used[image.Id]
		for _, name := range append(image.RepoTags, image.RepoDigests...) {
			isUsed = isUsed || used[name]
		}
		if !isUsed {
			ids = append(ids, image.Id)
		}
	}
	return ids, nil
}

func imageFilesystem(c client, w *words) error {
	answer, err := c.images.ImageFsInfo(c.ctx, &cri.ImageFsInfoRequest{})
	if err != nil {
		return err
	}
	if w.text("o", "output") != "table" {
		return printJSON(map[string]interface{}{"status": map[string]interface{}{
			"containerFilesystems": []string{}, "imageFilesystems": status(answer.ImageFilesystems)}})
	}
	fmt.Println("Container Filesystem \nImage Filesystem ")
	for index, filesystem := range answer.ImageFilesystems {
		fmt.Printf("TimeStamp[%d]: %d\nDisk[%d]: %s\nInodes[%d]: %d\nMountpoint[%d]: %s\n", index, filesystem.Timestamp,
			index, size(filesystem.UsedBytes.GetValue()), index, filesystem.InodesUsed.GetValue(), index,
			filesystem.FsId.GetMountpoint())
	}
	return nil
}
