/** A file that is stored: a picture that opens, a video or a sound that plays. Its box is there before it is loaded. */
import { type CSSProperties, lazy, Suspense, useState } from "react";
import { Icon } from "../ui/Icon";
import { boxOf, type File, type Form, wordsFor } from "./file";
import { detailsOf, type Media, titleOf } from "./media";
import classes from "./StoredFile.module.css";

const PictureDialog = lazy(() => import("./PictureDialog"));

interface Props {
  readonly media: Media;
  readonly file: File;
  readonly address: string;
  readonly form: Exclude<Form, "card">;
  /** Who sent it. */
  readonly from: string | null;
  readonly isTile: boolean;
  /** The browser cannot show it. */
  readonly onFail: () => void;
}

export function StoredFile(props: Props) {
  const [isHidden, setHidden] = useState(props.media.is_spoiler === true);
  const words = wordsFor(props.media, props.from);
  if (props.form === "sound") return <Sound {...props} words={words} />;
  if (isHidden) {
    return (
      <button
        type="button"
        className={classes.box}
        {...look(props)}
        data-hidden=""
        onClick={() => setHidden(false)}
      >
        <Icon name="eye" size={26} />
        <span className={classes.hidden}>Show hidden {words}</span>
      </button>
    );
  }
  return props.form === "image" ? <Picture {...props} words={words} /> : <Film {...props} words={words} />;
}

type Shown = Props & { readonly words: string };

function Picture(props: Shown) {
  const [isOpen, setOpen] = useState(false);
  const { address, file, words, onFail } = props;
  return (
    <>
      <button
        type="button"
        className={classes.box}
        {...look(props)}
        aria-haspopup="dialog"
        onClick={() => setOpen(true)}
      >
        <img src={address} alt={words} loading="lazy" decoding="async" onError={onFail} />
      </button>
      <Suspense>
        {isOpen ? (
          <PictureDialog address={address} name={file.name} words={words} onClose={() => setOpen(false)} />
        ) : null}
      </Suspense>
    </>
  );
}

function Film(props: Shown) {
  const { media, address, words, onFail } = props;
  const isLoop = media.kind === "animation" || media.kind === "sticker";
  return (
    <div className={classes.box} {...look(props)}>
      <video
        src={address}
        aria-label={words}
        controls
        playsInline
        preload="metadata"
        loop={isLoop}
        muted={isLoop}
        onError={onFail}
      />
    </div>
  );
}

function Sound({ media, address, words, onFail }: Shown) {
  return (
    <div className={classes.sound} data-media={String(media.kind)}>
      <bdi className={classes.title}>{titleOf(media)}</bdi>
      <span className={classes.details}>{detailsOf(media)}</span>
      {/* biome-ignore lint/a11y/useMediaCaption: what people send each other has no captions */}
      <audio src={address} aria-label={words} controls preload="none" onError={onFail} />
    </div>
  );
}

/** A tile of an album has its grid's shape, anything else its own. */
function look({ media, isTile }: Props): { style: CSSProperties; "data-media": string; "data-tile"?: "" } {
  const kind = { "data-media": String(media.kind) };
  if (isTile) return { ...kind, style: { aspectRatio: "1" }, "data-tile": "" };
  const { width, height } = boxOf(media);
  return { ...kind, style: { width, aspectRatio: `${width} / ${height}` } };
}
