/** A picture as large as the window lets it be. */
import { Dialog } from "../ui/Dialog";
import classes from "./PictureDialog.module.css";

interface Props {
  readonly address: string;
  readonly name: string | null;
  readonly words: string;
  readonly onClose: () => void;
}

export default function PictureDialog({ address, name, words, onClose }: Props) {
  return (
    <Dialog title={words} size="auto" onClose={onClose}>
      <img className={classes.picture} src={address} alt={words} />
      <a className={classes.download} href={address} download={name ?? ""}>
        Download
      </a>
    </Dialog>
  );
}
